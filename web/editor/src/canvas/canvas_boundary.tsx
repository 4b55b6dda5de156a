/** Keeps the page when a workflow cannot be drawn: what it holds can still be taken away as a file. */

import { graphOf, useClient } from '@coflow/react'
import { Component, type ReactNode } from 'react'
import { Link } from 'react-router'
import { Message } from '../app/message'
import { downloadJson } from '../notices/download_json'

export function CanvasBoundary({ children }: { children: ReactNode }) {
  return <Boundary instead={<Undrawable />}>{children}</Boundary>
}

class Boundary extends Component<
  { instead: ReactNode; children: ReactNode },
  { hasFailed: boolean }
> {
  override state = { hasFailed: false }

  static getDerivedStateFromError() {
    return { hasFailed: true }
  }

  override render() {
    return this.state.hasFailed ? this.props.instead : this.props.children
  }
}

function Undrawable() {
  const client = useClient()
  return (
    <Message
      title="This workflow cannot be drawn"
      actions={
        <>
          <Link className="coflow-button" to="/">
            All workflows
          </Link>
          <button
            type="button"
            className="coflow-button"
            onClick={() => downloadJson(`${client.options.workflowId}.json`, graphOf(client.doc))}
          >
            Download it
          </button>
        </>
      }
    >
      Something in it is not what a canvas can show. Nothing is lost: take it as a file, and mend
      what is wrong over REST.
    </Message>
  )
}
