"""Shapes that ElectricSQL's own service keeps: which project may see what stays our affair."""
