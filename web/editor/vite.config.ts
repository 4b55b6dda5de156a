import { defineConfig } from 'vite'
import react from '@vitejs/plugin-react'

// The server's, for `npm run dev` beside `scripts/serve`.
const server = process.env.COFLOW_URL ?? 'http://127.0.0.1:8000'

export default defineConfig({
  plugins: [react()],
  // The package's source: the editor is built with what lies beside it, not with what was published.
  resolve: { alias: { '@coflow/react': new URL('../react/src/index.ts', import.meta.url).pathname } },
  build: { outDir: '../../server/editor', emptyOutDir: true, target: 'es2022', assetsDir: 'assets' },
  server: {
    proxy: {
      '/api': { target: server, ws: true },
      '/sync': { target: server, ws: true }
    }
  }
})
