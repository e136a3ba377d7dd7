/** `npm run admin:token`: hands over to admin-token.ts under Node 24. Plain JS for Node 20. */
import { runTool } from '../load-tests/run-tool.mjs'

runTool('dev/admin-token.ts')
