// Practice: the choice of a topic, one question at a time, and the summary.
import { Empty, Loading, ProblemNote } from "../shared/elements.js";
import { html, useCallback, useEffect, useState } from "../shared/html.js";
import { useLive } from "../shared/live.js";
import { nextQuestion } from "./model.js";
import { PracticeQuestion } from "./question.js";
import { Feedback, Summary } from "./result.js";
import { TopicList } from "./topic_list.js";
import { PRACTICE } from "./texts.js";

/** The mastery of each concept of a topic, and its name. */
function conceptsOf(overview, topicId) {
  const topic = overview.mastery.topics.find(({ topic_id: id }) => id === topicId);
  return new Map((topic?.concepts ?? []).map((row) => [row.concept_id, { name: row.concept_name, score: row.mastery_score }]));
}

function topicName(overview, topicId) {
  return overview.topics.find(({ id }) => id === topicId)?.name ?? PRACTICE.title;
}

/** A practice session on one topic: questions, feedback and the summary. */
function Session({ topicId, name, concepts, data, practice, onAnswer, onDone }) {
  const [scores, setScores] = useState(() => new Map([...concepts].map(([id, { score }]) => [id, score])));
  const [askedIds, setAskedIds] = useState(practice.answered);
  const [question, setQuestion] = useState(() => nextQuestion(practice.questions, scores, practice.answered));
  const [feedback, setFeedback] = useState(null);
  const [results, setResults] = useState([]);
  const [sending, setSending] = useState(null);
  const [waiting, setWaiting] = useState(null);
  const [problem, setProblem] = useState(null);
  const [over, setOver] = useState(false);
  const [controller] = useState(() => new AbortController()); // not created in an effect: an answer may be sent before effects run
  useEffect(() => () => {
    controller.abort();
    onDone();
  }, []);
  useEffect(() => {
    document.title = `${over ? PRACTICE.done(results.filter(Boolean).length, results.length) : PRACTICE.number(results.length + 1)} – Stepwise`;
  }, [over, results.length]);

  const send = async ({ answer, confidence, seconds }) => {
    const body = { id: crypto.randomUUID(), question_id: question.id, answer, confidence, time_taken_seconds: seconds };
    setSending({ answer, confidence });
    setProblem(null);
    try {
      const reply = await data.answer(body, controller.signal, (wait) => {
        setWaiting(wait);
        onAnswer();
      });
      const before = scores.get(question.concept_id) ?? 0;
      setScores(new Map(scores).set(question.concept_id, reply.mastery_score));
      setResults([...results, reply.is_correct]);
      setFeedback({ ...reply, answer, confidence, before });
    } catch (failure) {
      if (!controller.signal.aborted) setProblem(failure);
    }
    setSending(null);
    onAnswer();
  };
  const next = () => {
    const order = [...askedIds.filter((id) => id !== question.id), question.id];
    setAskedIds(order);
    setFeedback(null);
    setProblem(null);
    setQuestion(nextQuestion(practice.questions, scores, order));
  };
  const finish = () => setOver(true);
  if (over) return html`<${Summary} name=${name} results=${results} concepts=${concepts} scores=${scores} topicId=${topicId} onMore=${() => { setOver(false); next(); }} />`;
  const number = results.length + (feedback ? 0 : 1);
  const concept = concepts.get(question.concept_id)?.name ?? name;
  if (feedback) {
    return html`<${Feedback} key=${`${question.id} answered`} question=${question} feedback=${feedback} number=${number} concept=${concept}
      results=${results} onNext=${next} onFinish=${finish} />`;
  }
  const missing = problem?.kind === "missing";
  return html`<${PracticeQuestion} key=${`${question.id} ${results.length}`} question=${question} number=${number} topic=${name}
    hasAnsweredAll=${results.length === 0 && practice.answered.length >= practice.questions.length} results=${results}
    sending=${sending} waiting=${waiting} problem=${problem} onSend=${send} onSkip=${missing ? next : null} onFinish=${finish} />`;
}

/** @param {{topicId: string|null, data: object, overview: object, onAnswer: () => void, onDone: () => void}} props */
export function Practice({ topicId, data, overview, onAnswer, onDone }) {
  const load = useCallback((signal) => data.practice(topicId, signal), [data, topicId]);
  const live = useLive(topicId === null ? null : load, { interval: null });
  if (topicId === null) return html`<${TopicList} overview=${overview} />`;
  if (live.data === null) {
    return live.state === "failed" ? html`<${ProblemNote} problem=${live.problem} retry=${live.reload} />` : html`<${Loading} label=${PRACTICE.loading} rows=${5} />`;
  }
  const name = topicName(overview, topicId);
  if (!live.data.questions.length) {
    return html`<div class="flow"><h1><bdi>${name}</bdi></h1><${Empty} level="h2" title=${PRACTICE.none} action=${html`<a class="btn" href="#practise">${PRACTICE.choose}</a>`}>${PRACTICE.noneAbout}<//></div>`;
  }
  return html`<${Session} topicId=${topicId} name=${name} concepts=${conceptsOf(overview, topicId)} data=${data} practice=${live.data} onAnswer=${onAnswer} onDone=${onDone} />`;
}
