"""What is said of a wrong spec."""
