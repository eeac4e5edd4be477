import { serve } from "../calls/worker.js";
import { computeHandlers } from "./handlers.js";

serve(computeHandlers());
