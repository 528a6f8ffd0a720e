"""The posterior over concepts: its prior, its update by an answer, and the integrals inside."""
