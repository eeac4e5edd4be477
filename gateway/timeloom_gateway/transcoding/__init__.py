"""REST to protobuf and back: plans compiled from descriptors, without a hand-written route.

`templates` and `routing` find the method of a request, `reading` and `query` turn its JSON,
path and query into a message, `writing` turns the answer into JSON. `rest` joins them.
"""
