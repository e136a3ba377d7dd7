/** The realtime nodes, what each carries, and which of them has gone. */
import { type Board, surelyGone } from './board.ts'
import { count, wallClock } from './figures.ts'

export function Nodes({ board }: { board: Board }) {
  const { nodes, liveness } = board
  const gone = surelyGone(board)
  return (
    <section class="pane" aria-labelledby="nodes-title">
      <h2 id="nodes-title">Realtime nodes</h2>
      {liveness !== 'live' && <p class="soft">Known only while live.</p>}
      {nodes.length > 0 && (
        <table class={`console-table ${liveness === 'live' ? '' : 'old'}`}>
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">Sockets</th>
              <th scope="col">Watchers</th>
            </tr>
          </thead>
          <tbody>
            {nodes.map(({ node, sockets, watchers }) => (
              <tr key={node} data-testid="node">
                <th scope="row" title={node}>
                  {node}
                </th>
                <td class="number">{count(sockets)}</td>
                <td class="number">{count(watchers)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <ul role="status" class="gone">
        {gone.map(({ node, at }) => (
          <li key={node}>
            <strong>{node}</strong> has gone: not heard since {wallClock(at)}.
          </li>
        ))}
      </ul>
    </section>
  )
}
