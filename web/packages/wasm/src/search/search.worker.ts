import { serve } from "../calls/worker.js";
import { searchHandlers } from "./handlers.js";

serve(searchHandlers());
