/** A person as a disc with initials, in the person's colour. */
import type { Participant } from '../types'
import { initialsOf } from './initials'
import { personStyle } from './person_color'
import './avatar.css'

export interface AvatarProps {
  person: Pick<Participant, 'name' | 'color'>
  size?: 'small' | 'medium'
  /** Not here just now, or not active for a while. */
  isAway?: boolean
}

/** For the eye only: whoever shows it says the name beside it, or in a label. */
export function Avatar({ person, size = 'medium', isAway = false }: AvatarProps) {
  return (
    <span
      className={`coflow-avatar coflow-avatar--${size}`}
      style={personStyle(person.color)}
      data-away={isAway || undefined}
      // Not as text: it would be taken for a part of the name of the button around it.
      data-initials={initialsOf(person.name)}
      aria-hidden
    />
  )
}
