//! Groups with their members, who may be accounts here: all their pages are told of what changes in a group.

use super::people::{GROUP, PHONE, digits};
use super::{World, unix_ms};
use crate::error::Error;
use crate::groups::{Description, GroupView, Participant, ServerGroup};
use crate::message::Identity;
use crate::protocol::Event;

/// A group as the server holds it. `about` is what all members see of it; who they are stands beside it.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) about: ServerGroup,
    /// The numbers of all members: the first has made the group.
    pub(super) members: Vec<String>,
    pub(super) admins: Vec<String>,
    /// The numbers of those who have asked to join.
    pub(super) asked: Vec<String>,
}

/// A change that the members are told of.
#[derive(Debug, Default)]
pub(super) struct Change<'a> {
    pub(super) what: &'a str,
    /// The number of who has changed it.
    pub(super) by: &'a str,
    /// The numbers of the people concerned.
    pub(super) people: &'a [String],
    pub(super) value: Option<String>,
}

impl Held {
    pub(super) fn has(&self, number: &str) -> bool {
        self.members.iter().any(|member| member == number)
    }

    pub(super) fn is_led_by(&self, number: &str) -> bool {
        self.admins.iter().any(|admin| admin == number)
    }

    /// The group with one of its members apart from the others.
    pub(super) fn seen_by(&self, me: &str) -> ServerGroup {
        let others = |numbers: &[String]| numbers.iter().filter(|number| *number != me).cloned().collect();
        ServerGroup {
            members: others(&self.members),
            admins: others(&self.admins),
            is_member: self.has(me),
            admin: self.is_led_by(me),
            asked: self.asked.iter().any(|one| one == me),
            ..self.about.clone()
        }
    }

    pub(super) fn add(&mut self, number: &str) {
        if !self.has(number) {
            self.members.push(number.to_owned());
        }
    }

    pub(super) fn remove(&mut self, number: &str) {
        self.demote(number);
        self.members.retain(|member| member != number);
    }

    pub(super) fn promote(&mut self, number: &str) {
        if !self.is_led_by(number) {
            self.admins.push(number.to_owned());
        }
    }

    pub(super) fn demote(&mut self, number: &str) {
        self.admins.retain(|admin| admin != number);
    }
}

impl World {
    /// Others make a group, with the first account or without it.
    pub(crate) fn add_group(&mut self, mut group: ServerGroup) -> Result<(String, String), Error> {
        let me = self.phone_of(None)?;
        let mut members = Vec::new();
        for number in &group.members {
            self.directory.add(number, None)?;
            members.push(digits(number)?);
        }
        if group.is_member {
            members.push(me.clone());
        }
        let mut admins = std::mem::take(&mut group.admins);
        if group.admin {
            admins.push(me.clone());
        }
        // Who has made a group is an admin of it.
        if admins.is_empty() {
            admins.extend(members.first().cloned());
        }
        let asked = if group.asked { vec![me] } else { Vec::new() };
        let is_told = !group.untold;
        let id = self.hold_group(Held { about: group, members: members.clone(), admins, asked });
        if is_told && let Some((first, others)) = members.split_first() {
            self.tell_members(&id, &Change { what: "create", by: first, people: others, value: None });
        }
        let code = self.held(&id).map(|group| group.about.code.clone()).unwrap_or_default();
        self.touch();
        Ok((id, code))
    }

    /// Keeps a new group, under an id and with the code of an invite.
    pub(super) fn hold_group(&mut self, mut group: Held) -> String {
        let number = self.number();
        if group.about.id.is_empty() {
            group.about.id = format!("1203630000001{number:05}{GROUP}");
        }
        if group.about.code.is_empty() {
            group.about.code = self.new_code();
        }
        let id = group.about.id.clone();
        self.groups.push(group);
        id
    }

    /// Every code is another one of 22 characters.
    pub(super) fn new_code(&mut self) -> String {
        format!("InviteOfAGroup{:08}", self.number())
    }

    pub(super) fn held(&self, id: &str) -> Option<&Held> {
        self.groups.iter().find(|group| group.about.id == id)
    }

    /// Somebody writes to an account in a group that nobody has spoken of: the group exists from then on.
    pub(super) fn presume(&mut self, id: &str, writer: &str, account: &str) -> Result<(), Error> {
        if self.held(id).is_none() {
            let about = ServerGroup { id: id.to_owned(), untold: true, ..ServerGroup::default() };
            let (writer, account) = (digits(writer)?, account.to_owned());
            let admins = vec![writer.clone()];
            self.hold_group(Held { about, members: vec![writer, account], admins, asked: Vec::new() });
        }
        Ok(())
    }

    /// Somebody changes a group: `of` is the number of the member concerned, or a text.
    pub(crate) fn change_group(
        &mut self,
        phone: &str,
        id: &str,
        what: &str,
        by: &str,
        of: Option<&str>,
    ) -> Result<(), Error> {
        self.directory.add(by, None)?;
        self.presume(id, by, phone)?;
        let code = self.new_code();
        let is_text = matches!(what, "subject" | "description");
        let person = of.filter(|_| !is_text);
        let people = person.map(digits).transpose()?.into_iter().collect::<Vec<_>>();
        for number in &people {
            self.directory.add(number, None)?;
        }
        let value = of.filter(|_| is_text).map(str::to_owned);
        let Some(group) = self.groups.iter_mut().find(|group| group.about.id == id) else { return Ok(()) };
        for number in &people {
            match what {
                "add" | "join" => group.add(number),
                "remove" | "leave" => group.remove(number),
                "promote" => group.promote(number),
                "demote" => group.demote(number),
                _ => {}
            }
        }
        match what {
            "subject" => group.about.subject = value.clone().unwrap_or_default(),
            "description" => {
                group.about.description.clone_from(&value);
                group.about.description_id = value.is_some().then(|| "D1".to_owned());
            }
            "announcement" | "not_announcement" => group.about.announce = what == "announcement",
            "locked" | "unlocked" => group.about.restrict = what == "locked",
            "invite" => group.about.code = code,
            _ => {}
        }
        let by = digits(by)?;
        self.tell_members(id, &Change { what, by: &by, people: &people, value });
        Ok(())
    }

    /// Tells the pages of all accounts that are in a group, or were until now, of a change.
    pub(super) fn tell_members(&mut self, id: &str, change: &Change<'_>) {
        let Some(group) = self.held(id) else { return };
        let by_lid = group.about.by_lid;
        let concerned = group.members.iter().chain(change.people);
        let accounts: Vec<String> =
            self.accounts.keys().filter(|phone| concerned.clone().any(|one| one == *phone)).cloned().collect();
        let made = (change.what == "create").then(|| Box::new(self.view(group)));
        let author = self.identity(change.by);
        let people: Vec<Identity> = change.people.iter().map(|number| self.identity(number)).collect();
        let name = |person: &Identity| if by_lid { person.lid.clone() } else { person.phone.clone() };
        let event = Event::GroupChanged {
            id: (1000 + self.number()).to_string(),
            group: id.to_owned(),
            what: change.what.to_owned(),
            author: name(&author),
            people: people.iter().map(name).collect(),
            value: change.value.clone(),
            made,
            known: std::iter::once(author).chain(people).collect(),
            t: unix_ms() / 1000,
        };
        for phone in accounts {
            self.enqueue(&phone, &event, None);
        }
    }

    /// Who has a number: also somebody who is not on WhatsApp.
    fn identity(&self, number: &str) -> Identity {
        let phone = format!("{number}{PHONE}");
        let found = self.directory.all().find(|person| person.phone == phone);
        found.unwrap_or_else(|| Identity { lid: phone.clone(), phone, name: None })
    }

    /// A group as its members' pages see it.
    pub(super) fn view(&self, group: &Held) -> GroupView {
        let about = &group.about;
        let known: Vec<Identity> = group.members.iter().map(|number| self.identity(number)).collect();
        let participant = |(place, person): (usize, &Identity)| Participant {
            id: if about.by_lid { person.lid.clone() } else { person.phone.clone() },
            admin: group.is_led_by(person.phone.trim_end_matches(PHONE)),
            creator: place == 0,
        };
        let description = about.description.clone().map(|text| {
            let id = about.description_id.clone().unwrap_or_else(|| "D0".to_owned());
            Description { id, text }
        });
        GroupView {
            id: about.id.clone(),
            subject: about.subject.clone(),
            description,
            announce: about.announce,
            restrict: about.restrict,
            approval: about.approval,
            admin_add: about.admin_add,
            ephemeral: about.ephemeral,
            by_lid: about.by_lid,
            participants: known.iter().enumerate().map(participant).collect(),
            known,
        }
    }
}
