/** `npm run fault-walk`: every fault at every step, which takes a while; prints the table. Plain JS for Node 20. */
process.env.FAULT_WALK = 'full'
process.argv.splice(2, 0, 'http/fault-walk/fault-walk.e2e.test.ts')
await import('./test.mjs')
