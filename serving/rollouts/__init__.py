"""A challenger beside the champion: who answers, the evidence, and the decision."""
