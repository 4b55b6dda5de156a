/** What is done with all that is selected: another copy of it, or none. */

import { Copy, Trash2 } from 'lucide-react'
import { IconButton } from '../app/icon_button'
import { useGraphEdits } from '../canvas/use_graph_edits'

export function SelectionButtons({ canDuplicate }: { canDuplicate: boolean }) {
  const { duplicate, remove } = useGraphEdits()
  return (
    <>
      {canDuplicate && (
        <IconButton label="Duplicate" onClick={duplicate}>
          <Copy />
        </IconButton>
      )}
      <IconButton label="Delete" onClick={remove}>
        <Trash2 />
      </IconButton>
    </>
  )
}
