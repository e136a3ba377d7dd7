/** k6 on PATH, new enough; or how to get it on each system. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Cure } from '../../dev/cure.mjs'

/** The first with TypeScript and k6/websockets without `experimental`. */
const OLDEST_MAJOR = 1
const DEADLINE_MS = 20_000

const INSTALL = `  macOS           brew install k6
  Debian, Ubuntu  curl -fsSL https://dl.k6.io/key.gpg | sudo gpg --dearmor -o /usr/share/keyrings/k6.gpg
                  echo "deb [signed-by=/usr/share/keyrings/k6.gpg] https://dl.k6.io/deb stable main" | sudo tee /etc/apt/sources.list.d/k6.list
                  sudo apt-get update && sudo apt-get install k6
  Fedora          sudo dnf install https://dl.k6.io/rpm/repo.rpm && sudo dnf install k6
  Windows         winget install k6 --source winget
  Go 1.25+        go install go.k6.io/k6@v1.8.1    (then put $(go env GOPATH)/bin on PATH)`

/** @returns its version, such as 1.8.1 @throws {Cure} */
export async function findK6(path: string | undefined): Promise<string> {
  const said = await promisify(execFile)('k6', ['version'], {
    env: { ...process.env, PATH: path },
    timeout: DEADLINE_MS,
  }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new Cure(`k6 is on PATH but does not run: ${error instanceof Error ? error.message : error}`)
  })
  if (said === undefined)
    throw new Cure(`k6 is not on PATH; the load comes from it.\nCure: install it.\n${INSTALL}`)
  const version = /k6 v(\d+\.\d+\.\d+\S*)/.exec(said.stdout)?.[1] ?? ''
  if (Number.parseInt(version, 10) >= OLDEST_MAJOR) return version
  throw new Cure(
    `k6 on PATH is ${version || 'of an unknown version'}; this needs ${OLDEST_MAJOR}.0 or newer.\nCure: install a newer one.\n${INSTALL}`,
  )
}
