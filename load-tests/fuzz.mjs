/** `npm run fuzz`: hands over to bench/bookings/fuzz.ts under Node 24. Plain JS for Node 20. */
import { runTool } from './run-tool.mjs'

runTool('load-tests/bench/bookings/fuzz.ts')
