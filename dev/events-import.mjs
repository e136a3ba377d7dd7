/** `npm run events:import`: hands over to events-import.ts under Node 24. Plain JS for Node 20. */
import { runTool } from '../load-tests/run-tool.mjs'

runTool('dev/events-import.ts')
