"""HTTP as all that serve it have it: the server, requests and answers, bodies within limits, CORS."""
