"""What MLflow and ZenML keep of trainings and their experiments."""
