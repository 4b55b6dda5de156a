/** Top right: who is here, sharing, and which panel is open. */

import { AvatarStack, useClient, useComments, useLocks } from '@coflow/react'
import { Activity, Lock, MessageSquare } from 'lucide-react'
import { useSyncExternalStore, type ReactNode } from 'react'
import { IconButton } from '../app/icon_button'
import { ThemeToggle } from '../theme/theme_toggle'
import { useCanvasState, type Panel } from './canvas_state'
import { useIsNarrow } from './use_is_narrow'
import { useRights } from './use_rights'

export function TopRight({ onShare }: { onShare: () => void }) {
  const { canShare } = useRights()
  const { session, userId } = useSessionOf()
  const { followed, setFollowed } = useCanvasState()
  const { threads } = useComments()
  const { locks } = useLocks()
  const open = threads?.filter(({ root }) => !root.isResolved).length ?? 0
  const isMyTurn = session?.mode === 'sequential' && session.turn.holder === userId

  return (
    <div className="ed-island ed-top-right">
      <AvatarStack
        max={useIsNarrow() ? 2 : 4}
        followedUserId={followed}
        onFollow={({ userId }) => setFollowed(userId === followed ? null : userId)}
      />
      {isMyTurn && <span className="coflow-badge coflow-badge--accent ed-my-turn">Your turn</span>}
      {canShare && (
        <button type="button" className="coflow-button coflow-button--primary" onClick={onShare}>
          Share
        </button>
      )}
      <span className="ed-divider" />
      <PanelButton panel="comments" label="Comments" count={open}>
        <MessageSquare />
      </PanelButton>
      <PanelButton panel="locks" label="Locks and mode" count={locks.length}>
        <Lock />
      </PanelButton>
      <PanelButton panel="activity" label="Activity" count={0}>
        <Activity />
      </PanelButton>
      <ThemeToggle />
    </div>
  )
}

function useSessionOf() {
  const client = useClient()
  const { get, subscribe } = client.session
  return { session: useSyncExternalStore(subscribe, get), userId: client.userId }
}

interface PanelButtonProps {
  panel: Panel
  label: string
  count: number
  children: ReactNode
}

function PanelButton({ panel, label, count, children }: PanelButtonProps) {
  const { panel: shown, setPanel } = useCanvasState()
  const isShown = shown === panel
  const told = count > 99 ? '99+' : `${count}`
  return (
    <IconButton
      label={label}
      aria-label={count === 0 ? label : `${label}, ${told}`}
      aria-pressed={isShown}
      className="ed-panel-button"
      onClick={() => setPanel(isShown ? null : panel)}
    >
      {children}
      {count > 0 && <span className="ed-count">{told}</span>}
    </IconButton>
  )
}
