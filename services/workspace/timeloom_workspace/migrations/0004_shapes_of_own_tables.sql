-- Of tables that are not ours: the first shape of one adds it. A slot knows only publications that are older.
CREATE PUBLICATION timeloom_shapes_own;
