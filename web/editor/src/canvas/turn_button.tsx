/** In turns: what one can do about the turn, where one's hand is. */

import { useCollaboration } from '@coflow/react'
import { useTell } from '../notices/notice_context'

export function TurnButton() {
  const { session, client, requestTurn, passTurn } = useCollaboration()
  const tell = useTell()
  if (session?.mode !== 'sequential') return null
  const { holder, requests } = session.turn
  const isMine = holder === client.userId
  const isWaiting = requests.some(({ userId }) => userId === client.userId)
  const [next] = requests

  const act = (task: () => Promise<void>) => {
    task().catch((error: unknown) =>
      tell({ kind: 'warning', title: error instanceof Error ? error.message : String(error) })
    )
  }
  if (isMine) {
    return (
      <button type="button" className="coflow-button" onClick={() => act(() => passTurn())}>
        {next === undefined ? 'Give up the turn' : `Pass to ${next.userName}`}
      </button>
    )
  }
  return (
    <button
      type="button"
      className="coflow-button coflow-button--primary"
      disabled={isWaiting}
      onClick={() => act(() => requestTurn())}
    >
      {holder === null ? 'Take the turn' : isWaiting ? 'Waiting for the turn' : 'Ask for the turn'}
    </button>
  )
}
