"""What operators look into: sessions against their snapshots, choices, pools, and Redis."""
