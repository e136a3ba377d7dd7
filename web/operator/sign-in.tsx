/** Asks for the operator's token, and says why the one before was refused. */
import { useState } from 'preact/hooks'
import { refusalWords } from './token.ts'

export function SignIn({ refusal, enter }: { refusal: string | undefined; enter: (token: string) => void }) {
  const [typed, setTyped] = useState('')
  return (
    <div class="page narrow">
      <h1>Operator</h1>
      {refusal !== undefined && (
        <p class="alert bad" role="alert" data-testid="token-refused">
          {refusalWords(refusal)}
        </p>
      )}
      <p>
        Open the operator link that the server printed at its start, or make a token with{' '}
        <code>npm run admin:token</code> and give it here.
      </p>
      <form
        class="pay"
        onSubmit={event => {
          event.preventDefault()
          if (typed.trim() !== '') enter(typed.trim())
        }}
      >
        <label>
          Token
          <input
            type="password"
            autocomplete="current-password"
            required
            value={typed}
            onInput={event => setTyped(event.currentTarget.value)}
            data-testid="token"
          />
        </label>
        <button type="submit" class="button primary">
          Enter
        </button>
      </form>
    </div>
  )
}
