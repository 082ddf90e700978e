"""What needs torch or writes folders: building, loading, weights, exports."""
