/** The list itself: a head with search and the ways to begin, the cards, and what stands in for them. */

import type { Rest } from '@coflow/react'
import { FileUp, Plus, Search, Upload, Workflow } from 'lucide-react'
import { useCallback, useDeferredValue, useEffect, useRef, useState } from 'react'
import { useNavigate } from 'react-router'
import { useIdentity } from '../identity/identity_context'
import { SignIn } from '../identity/sign_in'
import { AccountMenu } from './account_menu'
import { DeleteDialog } from './delete_dialog'
import { importedGraph } from './import_file'
import { useFileDrop } from './use_file_drop'
import { asApiError, useWorkflows, type WorkflowSummary } from './use_workflows'
import { WorkflowCard } from './workflow_card'
import { ThemeToggle } from '../theme/theme_toggle'

export function WorkflowList({ rest }: { rest: Rest }) {
  const { authMode } = useIdentity().server
  const [text, setText] = useState('')
  const search = useDeferredValue(text.trim())
  const { items, hasMore, isStale, failure, forget, reload, ...list } = useWorkflows(rest, search)
  const [deleting, setDeleting] = useState<WorkflowSummary | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const picker = useRef<HTMLInputElement>(null)
  const navigate = useNavigate()

  useEffect(() => {
    document.title = 'Workflows – coflow'
  }, [])

  /** One workflow is opened at once; of several one sees them in the list. */
  const begin = useCallback(
    async (bodies: (() => Promise<Parameters<Rest['createWorkflow']>[0]>)[]) => {
      setProblem(null)
      setBusy(true)
      const made: string[] = []
      const problems = new Set<string>()
      for (const body of bodies) {
        try {
          made.push((await rest.createWorkflow(await body())).id)
        } catch (error) {
          problems.add(error instanceof Error ? error.message : asApiError(error).detail)
        }
      }
      setBusy(false)
      if (problems.size > 0) setProblem([...problems].join(' '))
      const [id] = made
      if (id !== undefined && bodies.length === 1) await navigate(`/w/${encodeURIComponent(id)}`)
      else if (id !== undefined) reload()
    },
    [rest, navigate, reload]
  )
  const create = () => void begin([() => Promise.resolve({ name: 'Untitled workflow' })])
  const importFiles = useCallback(
    (files: readonly File[]) => void begin(files.map((file) => () => importedGraph(file))),
    [begin]
  )
  const isOver = useFileDrop(importFiles)

  if (failure?.status === 401) return <SignIn authMode={authMode} isRefused />

  return (
    <div className="ed-list-page">
      <header className="ed-list-head">
        <span className="ed-brand">
          <img src="/icon.svg" alt="" /> coflow
        </span>
        <label className="ed-search">
          <Search size={16} aria-hidden="true" />
          <span className="coflow-hidden">Search workflows</span>
          <input
            type="search"
            placeholder="Search workflows"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <div className="ed-list-head__end">
          <ThemeToggle />
          <AccountMenu />
        </div>
      </header>

      <main className="ed-list">
        <div className="ed-list__title">
          <h1>Workflows</h1>
          <input
            ref={picker}
            className="coflow-hidden"
            type="file"
            accept=".json,application/json"
            multiple
            tabIndex={-1}
            aria-label="Workflow files"
            onChange={(event) => {
              importFiles([...(event.target.files ?? [])])
              event.target.value = ''
            }}
          />
          <button
            type="button"
            className="coflow-button"
            disabled={isBusy}
            onClick={() => picker.current?.click()}
          >
            <Upload /> Import
          </button>
          <button
            type="button"
            className="coflow-button coflow-button--primary"
            disabled={isBusy}
            onClick={create}
          >
            <Plus /> New workflow
          </button>
        </div>

        {problem !== null && <Problem text={problem} />}

        {items === null && failure === null && <Skeletons />}
        {failure !== null && (
          <Empty title="The list could not be read" text={failure.detail}>
            <button type="button" className="coflow-button" onClick={reload}>
              Try again
            </button>
          </Empty>
        )}
        {failure === null && items?.length === 0 && !isStale && search !== '' && (
          <Empty title="Nothing fits" text={`No workflow has “${search}” in its name or tags.`} />
        )}
        {failure === null && items?.length === 0 && search === '' && (
          <Empty
            title="Begin with a workflow"
            text="Start on an empty canvas, or drop a React Flow JSON file anywhere on this page."
          >
            <button type="button" className="coflow-button" onClick={create}>
              <Plus /> New workflow
            </button>
          </Empty>
        )}
        {failure === null && items !== null && items.length > 0 && (
          <ul className="ed-workflows" data-stale={isStale || undefined}>
            {items.map((workflow) => (
              <WorkflowCard
                key={workflow.id}
                rest={rest}
                workflow={workflow}
                onDelete={setDeleting}
              />
            ))}
          </ul>
        )}
        {failure === null && list.moreProblem !== null && <Problem text={list.moreProblem} />}
        {failure === null && hasMore && (
          <button
            type="button"
            className="coflow-button ed-list__more"
            aria-busy={list.isReadingMore}
            onClick={() => void list.more()}
          >
            {list.isReadingMore ? 'Reading more…' : 'Show more'}
          </button>
        )}
      </main>

      {isOver && (
        <div className="ed-drop" aria-hidden="true">
          <FileUp size={32} strokeWidth={1.5} />
          Drop to import
        </div>
      )}
      {deleting !== null && (
        <DeleteDialog
          rest={rest}
          workflow={deleting}
          onClose={() => setDeleting(null)}
          onDeleted={(id) => {
            forget(id)
            setDeleting(null)
          }}
        />
      )}
    </div>
  )
}

function Problem({ text }: { text: string }) {
  return (
    <div className="coflow-notice coflow-notice--danger" role="alert">
      <span className="coflow-notice__text">{text}</span>
    </div>
  )
}

function Skeletons() {
  return (
    <ul className="ed-workflows" aria-busy="true" aria-label="Loading workflows">
      {Array.from({ length: 6 }, (_, index) => (
        <li key={index} className="ed-workflow ed-workflow--loading">
          <div className="ed-thumbnail" />
          <div className="ed-workflow__foot">
            <div className="ed-workflow__words">
              <span className="coflow-skeleton" style={{ width: '60%', height: 14 }} />
              <span className="coflow-skeleton" style={{ width: '40%', height: 10 }} />
            </div>
          </div>
        </li>
      ))}
    </ul>
  )
}

function Empty(props: { title: string; text: string; children?: React.ReactNode }) {
  return (
    <div className="ed-empty">
      <Workflow size={32} strokeWidth={1.25} aria-hidden="true" />
      <h2>{props.title}</h2>
      <p>{props.text}</p>
      {props.children}
    </div>
  )
}
