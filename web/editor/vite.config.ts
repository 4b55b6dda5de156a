import { defineConfig } from 'vite'
import react from '@vitejs/plugin-react'
import { compress } from './compress'

// The server's, for `npm run dev` beside `scripts/serve`.
const server = process.env.COFLOW_URL ?? 'http://127.0.0.1:8000'
const source = (path: string) => new URL(`../react/src/${path}`, import.meta.url).pathname

/** What the canvas is made of comes in parallel, and stays in caches when the editor is another. */
function chunkOf(id: string): string | undefined {
  const [, name = ''] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id) ?? []
  // What all pages need: not to be found in a chunk of the canvas.
  if (/^(react|react-dom|scheduler|use-sync-external-store|tslib)$/.test(name)) return 'react'
  if (/^(yjs|lib0|y-)/.test(name)) return 'yjs'
  if (/^(@xyflow|d3-|classcat|zustand)/.test(name)) return 'flow'
  if (/^(motion|framer)/.test(name)) return 'motion'
  return undefined
}

export default defineConfig({
  plugins: [react(), compress()],
  // The package's source: the editor is built with what lies beside it, not with what was published.
  resolve: {
    alias: [
      { find: '@coflow/react/styles.css', replacement: source('styles/controls.css') },
      { find: '@coflow/react', replacement: source('index.ts') }
    ]
  },
  build: {
    outDir: '../../server/editor',
    emptyOutDir: true,
    target: 'es2022',
    assetsDir: 'assets',
    // The server's policy allows no `data:` addresses in scripts and styles.
    assetsInlineLimit: 0,
    rollupOptions: { output: { manualChunks: chunkOf } }
  },
  server: {
    proxy: {
      '/api': { target: server, ws: true },
      '/sync': { target: server, ws: true }
    }
  }
})
