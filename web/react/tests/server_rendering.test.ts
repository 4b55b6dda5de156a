/** Rendering on a server, as Next.js does it: nothing connects, and nothing is shared. */

import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { expect, test } from 'vitest'
import { CoflowProvider } from '../src/hooks/coflow_provider'
import { useCollaboration } from '../src/hooks/use_collaboration'
import { useComments } from '../src/hooks/use_comments'
import { useConnectionStatus } from '../src/hooks/use_connection_status'
import { useFlow } from '../src/hooks/use_flow'
import { useLocks } from '../src/hooks/use_locks'
import { useNodeText } from '../src/hooks/use_node_text'
import { useOthers } from '../src/hooks/use_others'
import { useSelf } from '../src/hooks/use_self'
import { useTyping } from '../src/hooks/use_typing'
import { useUndo } from '../src/hooks/use_undo'

function Everything() {
  const shown = [
    useCollaboration().workflowId,
    useConnectionStatus().status,
    useSelf().self?.name,
    useOthers().length,
    useFlow().nodes.length,
    useLocks().locks.length,
    useComments().threads,
    useUndo().canUndo,
    useNodeText('a', 'prompt').value,
    useTyping('a', 'prompt').typists.length
  ]
  return createElement('pre', null, JSON.stringify(shown))
}

test('every hook renders where there is no page', () => {
  const app = createElement(CoflowProvider, {
    workflowId: 'w',
    userId: 'ann',
    children: createElement(Everything)
  })
  expect(renderToString(app)).toContain('connecting')
})

test('a hook outside of a provider says what it needs', () => {
  expect(() => renderToString(createElement(Everything))).toThrow('CoflowProvider')
})
