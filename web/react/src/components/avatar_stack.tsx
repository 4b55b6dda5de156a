/** Who is here, for a top bar: overlapping avatars, and a list of everybody behind "+3". */
import { Popover } from 'radix-ui'
import { AnimatePresence, motion, useReducedMotion } from 'motion/react'
import { useState } from 'react'
import { useClient } from '../hooks/use_client'
import type { Participant } from '../types'
import { Avatar } from './avatar'
import { Hint } from './hint'
import { personStyle } from './person_color'
import { Scope, splitProps, type OptionalScopeProps } from './scope'
import { presentPerson, usePeople } from './use_people'
import { People } from './user_presence_list'
import '../styles/controls.css'
import './avatar_stack.css'

export interface AvatarStackProps extends OptionalScopeProps {
  /** How many are shown before "+3". */
  max?: number | undefined
  onFollow?: ((participant: Participant) => void) | undefined
  followedUserId?: string | null | undefined
}

export function AvatarStack(props: AvatarStackProps) {
  const { scope, rest } = splitProps(props)
  return (
    <Scope {...scope}>
      <Stack {...rest} />
    </Scope>
  )
}

type StackProps = Omit<AvatarStackProps, keyof OptionalScopeProps>

function Stack({ max = 4, onFollow, followedUserId = null }: StackProps) {
  const people = usePeople()
  const isReduced = useReducedMotion() === true
  const [isOpen, setIsOpen] = useState(false)
  // Whoever is followed stays in sight.
  const ordered = [...people].sort(
    (a, b) => Number(b.userId === followedUserId) - Number(a.userId === followedUserId)
  )
  const shown = ordered.length > max + 1 ? ordered.slice(0, max) : ordered
  const hidden = ordered.length - shown.length

  return (
    <div className="coflow-stack" role="group" aria-label="People in this workflow">
      <AnimatePresence initial={false} mode="popLayout">
        {shown.map((person) => (
          <motion.span
            key={person.userId}
            className="coflow-stack__item"
            layout={!isReduced}
            initial={{ opacity: 0, scale: isReduced ? 1 : 0.6 }}
            animate={{ opacity: 1, scale: 1 }}
            exit={{ opacity: 0, scale: isReduced ? 1 : 0.6 }}
            transition={{ duration: isReduced ? 0 : 0.18 }}
          >
            <Face
              person={person}
              onFollow={person.isSelf ? undefined : onFollow}
              isFollowed={person.userId === followedUserId}
            />
          </motion.span>
        ))}
      </AnimatePresence>
      <Popover.Root open={isOpen && hidden > 0} onOpenChange={setIsOpen}>
        {hidden > 0 && (
          <Popover.Trigger
            className="coflow-stack__more coflow-focusable"
            aria-label={`${hidden} more, show all`}
          >
            +{hidden}
          </Popover.Trigger>
        )}
        <Popover.Portal>
          <Popover.Content
            className="coflow-popover coflow-stack__list"
            align="end"
            sideOffset={8}
            collisionPadding={8}
            aria-label="People in this workflow"
          >
            <People onFollow={onFollow} followedUserId={followedUserId} />
          </Popover.Content>
        </Popover.Portal>
      </Popover.Root>
    </div>
  )
}

interface FaceProps {
  person: Participant
  onFollow: ((participant: Participant) => void) | undefined
  isFollowed: boolean
}

function Face({ person, onFollow, isFollowed }: FaceProps) {
  const client = useClient()
  const name = person.isSelf ? `${person.name} (you)` : person.name
  if (onFollow === undefined) {
    return (
      <Hint text={name}>
        <span
          className="coflow-stack__face coflow-focusable"
          style={personStyle(person.color)}
          role="img"
          aria-label={name}
          tabIndex={0}
        >
          <Avatar person={person} />
        </span>
      </Hint>
    )
  }
  return (
    <Hint text={isFollowed ? `Stop following ${name}` : `Follow ${name}`}>
      <button
        type="button"
        className="coflow-stack__face coflow-focusable"
        style={personStyle(person.color)}
        aria-label={`Follow ${name}`}
        aria-pressed={isFollowed}
        onClick={() => onFollow(presentPerson(client, person.userId) ?? person)}
      >
        <Avatar person={person} />
      </button>
    </Hint>
  )
}
