/** As an application would have it: coflow behind paths of the application's own origin. */

import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const coflow = process.env.COFLOW_URL

export default defineConfig({
  plugins: [react()],
  server: {
    proxy: {
      '/api': { target: coflow, ws: true },
      '/sync': { target: coflow, ws: true }
    }
  }
})
