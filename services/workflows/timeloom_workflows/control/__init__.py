"""The hand on executions: what people and programs do to them from outside, and what they see of them."""
