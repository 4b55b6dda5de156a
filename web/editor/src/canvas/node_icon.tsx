/** A sign for what a node does, guessed from the words that it is described by. */

import {
  Bot,
  Box,
  Braces,
  Clock,
  Database,
  FileText,
  GitBranch,
  Globe,
  Mail,
  MessageSquare,
  Play,
  Repeat,
  Sparkles,
  Square,
  UserCheck,
  Wrench,
  type LucideIcon
} from 'lucide-react'
import { createElement } from 'react'

const signs: readonly [RegExp, LucideIcon][] = [
  [/start|trigger|webhook/i, Play],
  [/human|approv|review/i, UserCheck],
  [/condition|branch|router|switch|\bif\b|ifelse/i, GitBranch],
  [/iterat|loop|repeat/i, Repeat],
  [/agent/i, Bot],
  [/mail/i, Mail],
  [/tool/i, Wrench],
  [/memory|vector|database|store|pinecone|sql|retriev|embedding/i, Database],
  [/llm|openai|anthropic|model|prompt|ollama/i, Sparkles],
  [/chat|message|reply/i, MessageSquare],
  [/http|api|web|search|url/i, Globe],
  [/code|script|function|json|state|variable/i, Braces],
  [/document|file|pdf|text|loader/i, FileText],
  [/wait|delay|schedule|cron/i, Clock],
  [/^end|output|finish/i, Square]
]

export function NodeIcon({ kind, title }: { kind: string; title: string }) {
  return createElement(signOf(kind) ?? signOf(title) ?? Box, {
    size: 16,
    strokeWidth: 1.75,
    'aria-hidden': true
  })
}

function signOf(words: string): LucideIcon | undefined {
  return words === '' ? undefined : signs.find(([pattern]) => pattern.test(words))?.[1]
}
