/** Who may edit at a time: the mode, which owners set, and in turns the turn. */

import { ApiError, useCollaboration, useOthers, type CollaborationMode } from '@coflow/react'
import { Hand, LockKeyhole, UsersRound, type LucideIcon } from 'lucide-react'
import { RadioGroup } from 'radix-ui'
import { useState } from 'react'

interface Choice {
  mode: CollaborationMode
  name: string
  meaning: string
  icon: LucideIcon
}

const choices: readonly Choice[] = [
  {
    mode: 'parallel',
    name: 'Together',
    meaning: 'Everybody edits; locks keep others out.',
    icon: UsersRound
  },
  { mode: 'sequential', name: 'In turns', meaning: 'Whoever has the turn edits.', icon: Hand },
  {
    mode: 'locked',
    name: 'By lock only',
    meaning: 'One edits only what one has locked.',
    icon: LockKeyhole
  }
]

export function ModeCard() {
  const { session, canManage, setMode } = useCollaboration()
  const [problem, setProblem] = useState<string | null>(null)
  if (session === null) return null

  const attempt = (task: () => unknown) => {
    setProblem(null)
    Promise.resolve()
      .then(task)
      .catch((error: unknown) =>
        setProblem(error instanceof ApiError ? error.detail : String(error))
      )
  }

  return (
    <section className="coflow-card ed-mode" aria-label="Mode">
      <header className="coflow-card__head">
        <h2 className="coflow-card__title">Editing</h2>
      </header>
      <RadioGroup.Root
        className="ed-mode__choices"
        aria-label="Who may edit"
        value={session.mode}
        disabled={!canManage}
        onValueChange={(mode) => attempt(() => setMode(mode as CollaborationMode))}
      >
        {choices.map(({ mode, name, meaning, icon: Icon }) =>
          canManage || mode === session.mode ? (
            <RadioGroup.Item key={mode} value={mode} className="ed-mode__choice">
              <Icon size={16} strokeWidth={1.75} aria-hidden="true" />
              <span>
                <strong>{name}</strong>
                <span>{meaning}</span>
              </span>
            </RadioGroup.Item>
          ) : null
        )}
      </RadioGroup.Root>
      {session.mode === 'sequential' && <Turn attempt={attempt} />}
      {problem !== null && (
        <p className="coflow-notice coflow-notice--danger ed-mode__problem" role="alert">
          {problem}
        </p>
      )}
    </section>
  )
}

function Turn({ attempt }: { attempt: (task: () => unknown) => void }) {
  const { session, permissions, client, requestTurn, passTurn, takeOverTurn } = useCollaboration()
  const others = useOthers()
  if (session === null) return null
  const { holder, requests } = session.turn
  const mayEdit = permissions.includes('edit')
  const isMine = holder === client.userId
  const isWaiting = requests.some(({ userId }) => userId === client.userId)
  const holderName = others.find(({ userId }) => userId === holder)?.name ?? holder

  return (
    <div className="ed-turn">
      <p>
        {holder === null
          ? 'Nobody has the turn.'
          : isMine
            ? 'You have the turn.'
            : `${holderName ?? ''} has the turn.`}
      </p>
      {requests.length > 0 && (
        <p className="ed-turn__queue">
          Waiting: {requests.map(({ userName }) => userName).join(', ')}
        </p>
      )}
      {mayEdit && (
        <div className="ed-turn__actions">
          {isMine && (
            <button
              type="button"
              className="coflow-button"
              onClick={() => attempt(() => passTurn())}
            >
              {requests[0] === undefined ? 'Give up the turn' : `Pass to ${requests[0].userName}`}
            </button>
          )}
          {!isMine && (
            <button
              type="button"
              className="coflow-button coflow-button--primary"
              disabled={isWaiting}
              onClick={() => attempt(() => requestTurn())}
            >
              {holder === null
                ? 'Take the turn'
                : isWaiting
                  ? 'You are waiting'
                  : 'Ask for the turn'}
            </button>
          )}
          {!isMine && holder !== null && (
            <button
              type="button"
              className="coflow-button"
              onClick={() => attempt(() => takeOverTurn())}
            >
              Take over
            </button>
          )}
        </div>
      )}
    </div>
  )
}
