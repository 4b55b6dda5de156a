/** A page that is on its way: nothing at first, then a spinner in the middle. */

export function Loading({ label = 'Loading' }: { label?: string }) {
  return (
    <main className="ed-center" aria-busy="true">
      <span className="ed-spinner" role="status" aria-label={label} />
    </main>
  )
}
