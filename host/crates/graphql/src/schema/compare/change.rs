//! One change of a schema: what kind, where, how bad, and a sentence.

use std::fmt::{Display, Formatter};

/// A difference between two schemas that clients may notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// Whether operations that were valid may fail.
    pub severity: Severity,
    /// Where in the old schema, or in the new one for what was added, as a schema coordinate: `Student.grade`,
    /// `Query.student(id:)`, `@skip(if:)`.
    pub coordinate: String,
    /// A sentence that begins with the coordinate.
    pub message: String,
}

impl Display for Change {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

/// How bad a change is for clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// An operation that was valid may be refused, or be answered in a shape its client does not expect.
    Breaking,
    /// Every operation stays valid, but a client may be surprised: by a value it does not know, or by another default.
    Dangerous,
}

impl Severity {
    /// In one word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Dangerous => "dangerous",
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $name:literal $severity:ident,)+) => {
        /// What happened to a part of a schema.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ChangeKind {
            $($(#[$doc])* $variant,)+
        }

        impl ChangeKind {
            /// Its name; the reference implementation's, where that knows the kind.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// How bad a change of this kind is.
            fn severity(self) -> Severity {
                match self {
                    $(Self::$variant => Severity::$severity,)+
                }
            }
        }
    };
}

kinds! {
    /// Operations begin at another type, or mutations are gone. The reference does not compare roots.
    RootChanged "ROOT_CHANGED" Breaking,
    /// A type is gone.
    TypeRemoved "TYPE_REMOVED" Breaking,
    /// An object became an interface, and the like.
    TypeChangedKind "TYPE_CHANGED_KIND" Breaking,
    /// A union lost a member.
    MemberRemoved "TYPE_REMOVED_FROM_UNION" Breaking,
    /// A union has a member more.
    MemberAdded "TYPE_ADDED_TO_UNION" Dangerous,
    /// A value of an enum is gone.
    ValueRemoved "VALUE_REMOVED_FROM_ENUM" Breaking,
    /// An enum has a value more.
    ValueAdded "VALUE_ADDED_TO_ENUM" Dangerous,
    /// A type no longer implements an interface.
    InterfaceRemoved "IMPLEMENTED_INTERFACE_REMOVED" Breaking,
    /// A type implements an interface more.
    InterfaceAdded "IMPLEMENTED_INTERFACE_ADDED" Dangerous,
    /// A field of an object, an interface or an input is gone.
    FieldRemoved "FIELD_REMOVED" Breaking,
    /// A field's type changed in a way that old operations do not survive.
    FieldChangedType "FIELD_CHANGED_KIND" Breaking,
    /// An argument is gone.
    ArgumentRemoved "ARG_REMOVED" Breaking,
    /// An argument takes fewer values, or other ones.
    ArgumentChangedType "ARG_CHANGED_KIND" Breaking,
    /// An argument that must be given is new.
    RequiredArgumentAdded "REQUIRED_ARG_ADDED" Breaking,
    /// An argument that may be given is new.
    OptionalArgumentAdded "OPTIONAL_ARG_ADDED" Dangerous,
    /// What an argument is when it is not given changed.
    ArgumentDefaultChanged "ARG_DEFAULT_VALUE_CHANGE" Dangerous,
    /// An argument that cannot be null lost its default, so it must be given now. The reference only sees the default change.
    ArgumentBecameRequired "ARG_BECAME_REQUIRED" Breaking,
    /// A field of an input that must be given is new.
    RequiredInputFieldAdded "REQUIRED_INPUT_FIELD_ADDED" Breaking,
    /// A field of an input that may be given is new.
    OptionalInputFieldAdded "OPTIONAL_INPUT_FIELD_ADDED" Dangerous,
    /// What a field of an input is when it is not given changed. The reference does not compare these.
    InputFieldDefaultChanged "INPUT_FIELD_DEFAULT_VALUE_CHANGE" Dangerous,
    /// A field of an input that cannot be null lost its default, so it must be given now. The reference does not see it.
    InputFieldBecameRequired "INPUT_FIELD_BECAME_REQUIRED" Breaking,
    /// Exactly one field of an input must be given now. The reference does not see it.
    InputBecameOneOf "INPUT_BECAME_ONE_OF" Breaking,
    /// Who may see something is decided by other rules, or by none. The reference does not know rules.
    RulesChanged "AUTH_RULES_CHANGED" Dangerous,
    /// A directive is gone.
    DirectiveRemoved "DIRECTIVE_REMOVED" Breaking,
    /// A directive's argument is gone.
    DirectiveArgumentRemoved "DIRECTIVE_ARG_REMOVED" Breaking,
    /// A directive has a new argument that must be given.
    RequiredDirectiveArgumentAdded "REQUIRED_DIRECTIVE_ARG_ADDED" Breaking,
    /// A directive's argument takes fewer values, other ones, or must be given now. The reference does not compare these.
    DirectiveArgumentChanged "DIRECTIVE_ARG_CHANGED" Breaking,
    /// A directive can now be used only once in a place.
    DirectiveNoLongerRepeatable "DIRECTIVE_REPEATABLE_REMOVED" Breaking,
    /// A directive may no longer stand in some place.
    DirectiveLocationRemoved "DIRECTIVE_LOCATION_REMOVED" Breaking,
}

/// The changes found so far.
#[derive(Default)]
pub(super) struct Changes(Vec<Change>);

impl Changes {
    /// Adds one, as bad as its kind is.
    pub fn add(&mut self, kind: ChangeKind, coordinate: impl Into<String>, what: impl AsRef<str>) {
        self.add_as(kind.severity(), kind, coordinate, what);
    }

    /// Adds one that is better or worse than others of its kind.
    pub fn add_as(
        &mut self,
        severity: Severity,
        kind: ChangeKind,
        coordinate: impl Into<String>,
        what: impl AsRef<str>,
    ) {
        let coordinate = coordinate.into();
        let message = format!("`{coordinate}` {}", what.as_ref());
        self.0.push(Change {
            kind,
            severity,
            coordinate,
            message,
        });
    }

    /// All of them, in the order they were found.
    pub fn into_list(self) -> Vec<Change> {
        self.0
    }
}
