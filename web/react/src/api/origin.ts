/** Where the server is. */

/** Without a slash at the end. The page's origin when nothing is given; '' where there is no page. */
export function originOf(serverUrl: string | undefined): string {
  const page = typeof location === 'undefined' ? '' : location.origin
  return (serverUrl ?? page).replace(/\/+$/, '')
}
