"""How steps travel: as deltas of private copies, on one stream a client, until all are committed or refused."""
