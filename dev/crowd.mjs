/** `npm run crowd`: hands over to crowd.ts under Node 24. Plain JS for Node 20. */
import { runTool } from '../load-tests/run-tool.mjs'

runTool('dev/crowd.ts')
