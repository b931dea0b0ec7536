"""The stores that runs are recorded in: MLflow over SQLite, row by row, and any other one through MLflow's client."""
