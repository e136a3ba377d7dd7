/** `npm run fuzz`: hands over to fuzz.ts under Node 24. Plain JS for Node 20. */
import { runTool } from './run-tool.mjs'

runTool('load-tests/fuzz.ts')
