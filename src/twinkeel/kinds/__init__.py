"""What can be built. Each kind is one module or package here; none knows another."""
