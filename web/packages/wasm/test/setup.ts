import fc from "fast-check";

// The same cases in each run; TIMELOOM_SEED tries others.
fc.configureGlobal({ seed: Number(process.env.TIMELOOM_SEED ?? 8) });
