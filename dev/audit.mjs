/** `npm run audit`: hands over to audit.ts under Node 24. Plain JS for Node 20. */
import { runTool } from '../load-tests/run-tool.mjs'

runTool('dev/audit.ts')
