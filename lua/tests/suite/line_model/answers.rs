//! What the model answers to a step, as the text of the reply.

use lua::{
    ClaimReply, Controlled, JoinReply, Laid, LineRead, ListPart, PassEnd, PassRecord, Reply, Termed,
};

use super::Model;
use crate::line_random::{LineAct, LineStep, told};

impl Model {
    pub fn read(&self) -> LineRead {
        fn all<T: Clone>(items: &[T]) -> ListPart<T> {
            ListPart { total: items.len() as u64, from: 0, items: items.to_vec() }
        }
        LineRead {
            now: self.now,
            term: self.term,
            fence: self.fence,
            phase: self.phase,
            joined: self.joined,
            ceiling: self.ceiling,
            size: self.size,
            cursors: self.cursors,
            waiting_max: self.waiting_max,
            inside: self.inside(),
            draw: self.draw.clone(),
            notes: self.notes.clone(),
            batches: all(&self.batches),
            graced: all(&self.graced),
            ended: all(&self.ended),
            entered: all(&self.entered),
        }
    }

    fn in_term<T: std::fmt::Debug>(
        &mut self,
        term: u64,
        act: impl FnOnce(&mut Self) -> T,
    ) -> String {
        told(Ok(match term == self.term {
            true => Termed::Done(act(self)),
            false => Termed::OtherTerm { current: Some(self.term) },
        }))
    }

    fn led<T: std::fmt::Debug>(
        &mut self,
        term: u64,
        fence: u64,
        act: impl FnOnce(&mut Self) -> T,
    ) -> String {
        told(Ok(match term == self.term {
            false => Controlled::OtherTerm { current: Some(self.term) },
            true if fence < self.fence => Controlled::Fenced { fence: self.fence },
            true => Controlled::Done(act(self)),
        }))
    }

    /// What the reply must be.
    pub fn run(&mut self, step: &LineStep) -> String {
        let term = step.term;
        match &step.act {
            LineAct::Join(joins) => self.in_term(term, |line| {
                let replies = joins.iter().map(|join| line.join(join)).collect();
                JoinReply { now: line.now, joined: line.joined, replies }
            }),
            LineAct::Enter(person, way, place, life) => {
                self.in_term(term, |line| line.enter(*person, *way, *place, *life))
            }
            LineAct::Renew(person, life) => self.in_term(term, |line| line.renew(*person, *life)),
            LineAct::Leave(person) => self.in_term(term, |line| line.leave(*person)),
            LineAct::Grace(wishes) => self.in_term(term, |line| {
                wishes.iter().map(|wish| line.grace(wish)).collect::<Vec<_>>()
            }),
            LineAct::Admit(fence, cursors, sweep) => {
                self.led(term, *fence, |line| line.admit(*fence, *cursors, *sweep))
            }
            LineAct::Set(fence, field, value) => {
                self.led(term, *fence, |line| line.set(*fence, *field, value))
            }
            LineAct::Close(fence) => self.led(term, *fence, |line| line.close(*fence)),
            LineAct::Raise(ceilings) => self.in_term(term, |line| {
                for (ceiling, raised) in line.ceiling.iter_mut().zip(ceilings) {
                    *ceiling = (*ceiling).max(*raised);
                }
                line.ceiling
            }),
            LineAct::Lay(line) if line.term <= self.term => {
                let current = Some(self.term);
                told(Ok(Termed::<Laid>::OtherTerm { current }))
            }
            LineAct::Lay(line) => told(Ok(Termed::Done(self.lay(line)))),
            LineAct::Add(passes) => self.in_term(term, |line| line.add(passes)),
            LineAct::Buy(claim) => {
                if let Some(PassRecord::Live { place, .. }) = self.passes.get(&claim.customer) {
                    let place = *place;
                    self.end(claim.customer, PassEnd::Bought, place);
                }
                told(Ok(Reply::Done(vec![ClaimReply::Changed])))
            }
            LineAct::Read => told(Ok(Some(self.read()))),
            LineAct::Hold(_) | LineAct::Require(_) => unreachable!("no steps of this test"),
        }
    }
}
