/** What stands where the server gives nothing: why. */
import { WifiOff } from 'lucide-react'
import type { Closed } from '../types'
import '../styles/controls.css'

export function Refusal({ closed }: { closed: Closed }) {
  return (
    <div className="coflow-empty" role="status">
      <WifiOff aria-hidden />
      {closed.message}
    </div>
  )
}
