/** Where the pages begin: the server's settings are read, then the app is shown. */
import { render } from 'preact'
import { App } from './app.tsx'
import { openShop } from './shop.ts'

const root = document.getElementById('app')
if (root !== null) {
  render(<p class="page boot">Loading …</p>, root)
  openShop().then(
    shop => render(<App shop={shop} />, root),
    () => render(<Unreachable />, root),
  )
}

function Unreachable() {
  return (
    <div class="page empty" role="alert">
      <h1>The box office does not answer</h1>
      <p>Your place and your seats are kept on the server. Check your network and try again.</p>
      <button type="button" class="button" onClick={() => location.reload()}>
        Try again
      </button>
    </div>
  )
}
