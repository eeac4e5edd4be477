"""How steps travel: deltas of private copies, on one stream a client, until all are committed or refused."""
