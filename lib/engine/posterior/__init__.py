"""The posterior over concepts: priors, the update by one answer, and the integrals it needs."""
