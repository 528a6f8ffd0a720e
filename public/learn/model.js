// Data of the study page, computed from the responses of the study planner. No DOM, no clock.

const MINUTES = 60;

/** The day in UTC of a time, as the planner writes it: "2026-11-28". `now` is in milliseconds. */
export function dayOf(now) {
  return new Date(now).toISOString().slice(0, 10);
}

/** The newest plan of each period, from the loaded plans and those made since. */
export function newestPlans(plans, newPlans) {
  const newest = new Map(plans.map((storedPlan) => [storedPlan.plan_type, storedPlan]));
  for (const storedPlan of newPlans) {
    const earlier = newest.get(storedPlan.plan_type);
    if (!earlier || earlier.created_at <= storedPlan.created_at) newest.set(storedPlan.plan_type, storedPlan);
  }
  return [...newest.values()];
}

/** The current plan of a period if it covers a day, else null. */
export function planOn(plans, type, day) {
  const storedPlan = plans.find(({ plan_type: kind }) => kind === type);
  return storedPlan && storedPlan.plan.start_date <= day && day <= storedPlan.plan.end_date ? storedPlan : null;
}

/** The days of a plan from `day` on. */
export function daysFrom(storedPlan, day) {
  return storedPlan.plan.daily_plans.filter(({ date }) => date >= day);
}

/** The part of the plans for a day: the day's own plan if there is one, else the week's or the exam's. */
export function dayPlan(plans, day) {
  for (const type of ["daily", "weekly", "exam_countdown"]) {
    const storedPlan = planOn(plans, type, day);
    const plannedDay = storedPlan?.plan.daily_plans.find(({ date }) => date === day);
    if (plannedDay) return { ...plannedDay, type, madeAt: storedPlan.created_at, warning: storedPlan.plan.warning };
  }
  return null;
}

/** The total minutes of parts of a plan; each part is rounded to whole minutes, as the page shows it. */
export function totalMinutes(rows) {
  return rows.reduce((sum, row) => sum + Math.round(row.allocated_hours * MINUTES), 0);
}

/** Whether a concept of a topic was practised on a day. */
function practisedOn(topic, day) {
  return Boolean(topic?.concepts.some(({ last_updated: at }) => at?.slice(0, 10) === day));
}

/**
 * The sessions of a day: what to learn, then what to revise.
 *
 * @param {{topics: object[], revisions: object[]}} plan of one day
 * @param {object[]} recommendations
 * @param {object[]} mastery topics with their concepts
 * @param {string} day
 * @returns {{topicId: string, name: string, minutes: number, revision: boolean, goals: string[],
 *   marks: number|null, practised: boolean}[]} `marks` is null where the gain is not known
 */
export function sessionsOf(plan, recommendations, mastery, day) {
  const rows = [...plan.topics.map((row) => [row, false]), ...plan.revisions.map((row) => [row, true])];
  return rows.map(([row, revision]) => {
    const advice = recommendations.find(({ topic_id: id }) => id === row.topic_id)?.components;
    const gain = advice ? Math.min(advice.expected_marks_gain, advice.marks_per_hour * row.allocated_hours) : null;
    const topic = mastery.find(({ topic_id: id }) => id === row.topic_id);
    return {
      topicId: row.topic_id,
      name: row.topic_name,
      minutes: totalMinutes([row]),
      revision,
      goals: row.goals,
      marks: gain,
      practised: practisedOn(topic, day),
    };
  });
}

/** The marks of a day's sessions together, null if none is known. */
export function marksOf(sessions) {
  const withMarks = sessions.filter(({ marks }) => marks !== null);
  return withMarks.length ? withMarks.reduce((sum, { marks }) => sum + marks, 0) : null;
}

/** The root of a topic in the tree of topics. */
function rootOf(topic, byId) {
  let current = topic;
  while (byId.has(current.parent_id)) current = byId.get(current.parent_id);
  return current;
}

/**
 * Topics with their mastery, grouped by subject (the root of a topic's tree), in the order of `mastery`.
 *
 * @returns {{id: string, name: string, score: number, weight: number, topics: object[]}[]} `score` is
 *   the mean of the topics, weighted by their share of the exam
 */
export function subjectsOf(topics, mastery, progress) {
  const byId = new Map(topics.map((topic) => [topic.id, topic]));
  const today = new Map(progress.today.map((row) => [row.topic_id, row.expected_accuracy]));
  const changes = new Map([...progress.rose, ...progress.fell].map((row) => [row.topic_id, row.change]));
  const subjects = new Map();
  for (const row of mastery) {
    const topic = byId.get(row.topic_id) ?? { id: row.topic_id, name: row.topic_name, parent_id: null, exam_weightage: 0 };
    const root = rootOf(topic, byId);
    if (!subjects.has(root.id)) subjects.set(root.id, { id: root.id, name: root.name, topics: [] });
    const hasBegun = row.concepts.some(({ total_attempts: attempts }) => attempts > 0);
    subjects.get(root.id).topics.push({
      id: row.topic_id,
      name: row.topic_name,
      score: row.mastery_score,
      band: hasBegun ? row.band : "none",
      weight: topic.exam_weightage,
      chance: today.get(row.topic_id) ?? null,
      change: changes.get(row.topic_id) ?? 0,
    });
  }
  return [...subjects.values()].map((subject) => {
    const weight = subject.topics.reduce((sum, topic) => sum + topic.weight, 0);
    const mean = weight
      ? subject.topics.reduce((sum, topic) => sum + topic.weight * topic.score, 0) / weight
      : subject.topics.reduce((sum, topic) => sum + topic.score, 0) / subject.topics.length;
    return { ...subject, weight, score: mean };
  });
}

/**
 * Figures of 30 days: days with practice, number of answers, most answers on a day, right answers in per cent (null
 * without answers), and the mastery on the first and on the last day.
 */
export function timelineFacts(timeline) {
  const answers = timeline.reduce((sum, day) => sum + day.questions_attempted, 0);
  const right = timeline.reduce((sum, day) => sum + day.correct, 0);
  return {
    days: timeline.filter((day) => day.questions_attempted > 0).length,
    answers,
    most: Math.max(0, ...timeline.map((day) => day.questions_attempted)),
    accuracy: answers ? (100 * right) / answers : null,
    from: timeline[0]?.mastery_score ?? 0,
    to: timeline.at(-1)?.mastery_score ?? 0,
  };
}

/** Topics whose mastery changed by a point or more, rounded to whole points. */
export function movedTopics(rows) {
  return rows.filter(({ change }) => Math.abs(Math.round(change)) >= 1);
}

const EASE = { easy: 0, medium: 1, hard: 2 };

/**
 * The question to ask next. Questions that were never asked come first: those of the least mastered concept, then the
 * easier ones. Once all were asked, the one asked longest ago comes next. The same concept is not asked three times in
 * a row while another concept has a question that was never asked or, once all were asked, any question.
 *
 * @param {object[]} questions of the topic
 * @param {Map<string, number>} mastery by concept
 * @param {string[]} askedIds in the order of asking: earlier sessions first
 * @returns {object|null}
 */
export function nextQuestion(questions, mastery, askedIds) {
  const turn = new Map(askedIds.map((id, place) => [id, place]));
  const conceptOf = new Map(questions.map((question) => [question.id, question.concept_id]));
  const [last, before] = [askedIds.at(-1), askedIds.at(-2)].map((id) => conceptOf.get(id));
  const repeatedConcept = last !== undefined && last === before ? last : null;
  const fresh = questions.filter(({ id }) => !turn.has(id));
  const candidates = fresh.length ? fresh : questions.filter(({ id }) => id !== askedIds.at(-1));
  const usable = candidates.length ? candidates : questions;
  const others = usable.filter(({ concept_id: concept }) => concept !== repeatedConcept);
  const rank = (question) => [
    fresh.length ? 0 : turn.get(question.id),
    mastery.get(question.concept_id) ?? 0,
    EASE[question.difficulty] ?? 1,
  ];
  const compare = (a, b) => {
    const [first, second] = [rank(a), rank(b)];
    const place = first.findIndex((value, at) => value !== second[at]);
    return place < 0 ? 0 : first[place] - second[place];
  };
  return (others.length ? others : usable).toSorted(compare)[0] ?? null;
}

/** The options of a question; null if it asks for a number. */
export function optionsOf(question) {
  if (question.question_type === "true_false") return ["true", "false"];
  return question.options?.length ? question.options : null;
}

/** Whether a text can be the answer to a question that asks for a number. */
export function mayBeNumber(text) {
  return /\d/.test(text);
}

/** The kind of feedback, from the grade and the student's confidence. */
export function feedbackOf(isRight, confidence) {
  if (isRight) return confidence >= 4 ? "rightSure" : confidence <= 1 ? "rightGuess" : "right";
  return confidence >= 4 ? "wrongSure" : "wrong";
}

/** The view that the address names: today, practise with a topic or none, or progress. */
export function viewOf(hash) {
  const [, name, topicId] = /^#(practise|progress)(?:=([\w-]+))?$/.exec(hash) ?? [];
  return { name: name ?? "today", topicId: name === "practise" ? topicId ?? null : null };
}

/** The fields of a profile whose entered values differ from the stored ones, with values that the endpoint accepts. */
export function profileChanges(profile, fields) {
  const entered = {
    target_exam: fields.target_exam.trim(),
    exam_date: fields.exam_date || null,
    grade: Number(fields.grade),
    available_hours_per_day: Number(fields.available_hours_per_day),
  };
  const current = { ...profile, exam_date: profile.exam_date?.slice(0, 10) ?? null };
  return Object.fromEntries(Object.entries(entered).filter(([name, value]) => value !== current[name]));
}
