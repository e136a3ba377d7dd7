/** `npm run load`: hands over to load.ts under Node 24. Plain JS for Node 20. */
import { runTool } from './run-tool.mjs'

runTool('load-tests/load.ts')
