"""Views for operators: sessions and their snapshots, choices of questions, pools, and Redis."""
