/** Who is in the workflow: names, roles, what each works on, and when each was last active. */
import { Eye, WifiOff } from 'lucide-react'
import { AnimatePresence, motion } from 'motion/react'
import { useClient } from '../hooks/use_client'
import { useStore } from '../hooks/use_store'
import type { Participant } from '../types'
import { Avatar } from './avatar'
import { nodeName } from './resource_names'
import { Scope, splitProps, type ScopeProps } from './scope'
import { activeLabel } from './time_labels'
import { useEntrance } from './use_entrance'
import { useNow } from './use_now'
import { presentPerson, usePeople } from './use_people'
import '../styles/controls.css'
import './user_presence_list.css'

export interface UserPresenceListProps extends ScopeProps {
  /** The seed's; a workflow has one active session, so that nothing depends on it. */
  sessionId?: string | undefined
  /** A person was clicked: show what that person sees, or stop if it is being shown. */
  onFollow?: ((participant: Participant) => void) | undefined
  /** Whose viewport is being followed. */
  followedUserId?: string | null | undefined
}

export function UserPresenceList(props: UserPresenceListProps) {
  const { onFollow, followedUserId = null } = props
  return (
    <Scope {...splitProps(props).scope}>
      <section className="coflow-card coflow-presence" aria-label="People in this workflow">
        <People onFollow={onFollow} followedUserId={followedUserId} />
      </section>
    </Scope>
  )
}

interface PeopleProps {
  onFollow: ((participant: Participant) => void) | undefined
  followedUserId: string | null
}

/** Also what the avatars' overflow opens. */
export function People({ onFollow, followedUserId }: PeopleProps) {
  const client = useClient()
  const people = usePeople()
  const { status, closed, isLoaded } = useStore(client.connection)
  const isListed = useStore(client.session) !== null
  const entrance = useEntrance()
  // Before the server, or a stored copy, has said anything there is nobody but oneself.
  const isUnknown = people.length < 2 && !isLoaded && !isListed && closed === null
  const others = people.filter((person) => !person.isSelf)

  return (
    <>
      <header className="coflow-card__head">
        <h2 className="coflow-card__title">
          People
          {!isUnknown && <span className="coflow-card__count">{people.length}</span>}
        </h2>
      </header>
      {isUnknown ? (
        <Skeleton />
      ) : (
        <ul className="coflow-list">
          <AnimatePresence initial={false}>
            {people.map((person) => (
              <motion.li key={person.userId} {...entrance}>
                <Row
                  person={person}
                  onFollow={person.isSelf ? undefined : onFollow}
                  isFollowed={person.userId === followedUserId}
                />
              </motion.li>
            ))}
          </AnimatePresence>
        </ul>
      )}
      {others.length === 0 && status === 'connected' && (
        <p className="coflow-presence__note">
          Nobody else is here. Share the workflow to invite others.
        </p>
      )}
      {status === 'offline' && (
        <p className="coflow-presence__note" role="status">
          <WifiOff aria-hidden />{' '}
          {others.length > 0
            ? 'No live connection: this list is some seconds old.'
            : 'Not connected: others may be here unseen.'}
        </p>
      )}
      {closed !== null && (
        <p className="coflow-presence__note" role="status">
          <WifiOff aria-hidden /> {closed.message}
        </p>
      )}
    </>
  )
}

const roleNames = { owner: 'Owner', editor: 'Editor', commenter: 'Commenter', viewer: 'Viewer' }

interface RowProps {
  person: Participant
  onFollow: ((participant: Participant) => void) | undefined
  isFollowed: boolean
}

function Row({ person, onFollow, isFollowed }: RowProps) {
  const client = useClient()
  const { status } = useStore(client.connection)
  const isLive = status === 'connected' || status === 'connecting'
  const now = useNow('tenSeconds')
  const doing = useActivity(person)
  const active = activeLabel(person.lastActiveMs, now)
  const isAway = !person.isSelf && active !== 'active now'
  const content = (
    <>
      <span className="coflow-presence__avatar" data-followed={isFollowed || undefined}>
        <Avatar person={person} isAway={isAway} />
        {isLive && (
          <span className="coflow-presence__dot" data-away={isAway || undefined} aria-hidden />
        )}
      </span>
      <span className="coflow-presence__who">
        <span className="coflow-presence__name">
          <span className="coflow-presence__text">{person.name}</span>{' '}
          {person.isSelf && <span className="coflow-badge coflow-badge--accent">You</span>}
          <span className="coflow-badge coflow-presence__role">{roleNames[person.role]}</span>{' '}
        </span>
        <span className="coflow-presence__doing">
          {doing !== null && (
            <>
              <span className="coflow-presence__text">{doing}</span> <span aria-hidden>·</span>
            </>
          )}
          <span className="coflow-presence__active">{active}</span>
        </span>
      </span>
    </>
  )
  if (onFollow === undefined) return <div className="coflow-presence__row">{content}</div>
  return (
    <button
      type="button"
      className="coflow-presence__row coflow-focusable"
      aria-pressed={isFollowed}
      title={isFollowed ? `Stop following ${person.name}` : `Follow ${person.name}`}
      onClick={() => onFollow(presentPerson(client, person.userId) ?? person)}
    >
      {content}
      <Eye className="coflow-presence__eye" aria-hidden />
    </button>
  )
}

function useActivity(person: Participant): string | null {
  const client = useClient()
  const doc = useStore(client.document)
  const dragged = Object.keys(person.dragging ?? {})
  if (person.typing !== null) return `Typing in ${nodeName(doc, person.typing.nodeId)}`
  if (dragged.length > 1) return `Moving ${dragged.length} nodes`
  if (dragged[0] !== undefined) return `Moving ${nodeName(doc, dragged[0])}`
  return person.selectedNode === null ? null : nodeName(doc, person.selectedNode)
}

function Skeleton() {
  return (
    <div className="coflow-list" role="status" aria-label="Loading people">
      {[72, 96].map((width) => (
        <div key={width} className="coflow-presence__row">
          <span className="coflow-skeleton coflow-presence__round" />
          <span className="coflow-presence__who">
            <span className="coflow-skeleton" style={{ width, height: 12, margin: '4px 0' }} />
            <span
              className="coflow-skeleton"
              style={{ width: width - 24, height: 10, margin: '4px 0' }}
            />
          </span>
        </div>
      ))}
    </div>
  )
}
