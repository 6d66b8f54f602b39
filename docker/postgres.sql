-- The image makes the database of MLflow; Feast's registry has its own.
CREATE DATABASE feast OWNER house_prices;
