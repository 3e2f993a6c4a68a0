// work.rs: the same for Rust: collections, strings, boxed closures and trait objects, iterators, threads, channels,
// panics that are caught, recursion. `work ROUNDS`. Rust 1.63 and later.
use std::cell::RefCell;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet, VecDeque};
use std::fmt;
use std::panic;
use std::rc::{Rc, Weak};
use std::sync::{mpsc, Arc, Mutex, RwLock};
use std::thread;

trait Shape {
    fn name(&self) -> String;
    fn grow(&self, depth: u32) -> Box<dyn Shape>;
}

#[derive(Clone)]
struct Square(Vec<u64>);

struct Circle {
    label: String,
    inner: Option<Box<dyn Shape>>,
}

impl Shape for Square {
    #[inline(never)]
    fn name(&self) -> String {
        format!("a square of {} words, the first {:?}", self.0.len(), self.0.first())
    }
    #[inline(never)]
    fn grow(&self, depth: u32) -> Box<dyn Shape> {
        let inner: Option<Box<dyn Shape>> =
            if depth > 0 { Some(Square(vec![depth as u64; 5]).grow(depth - 1)) } else { None };
        Box::new(Circle { label: self.name(), inner })
    }
}

impl Shape for Circle {
    #[inline(never)]
    fn name(&self) -> String {
        match &self.inner {
            Some(inner) => format!("{} in {}", inner.name(), self.label),
            None => self.label.clone(),
        }
    }
    fn grow(&self, _depth: u32) -> Box<dyn Shape> {
        Box::new(Square(self.label.bytes().map(u64::from).collect()))
    }
}

impl Drop for Circle {
    #[inline(never)]
    fn drop(&mut self) {
        let last = self.label.to_uppercase();
        assert!(!last.is_empty());
    }
}

#[derive(Debug)]
struct Trouble {
    depth: u32,
    text: String,
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{} at {}", self.text, self.depth)
    }
}

impl std::error::Error for Trouble {}

#[inline(never)]
fn fails(depth: u32) -> Result<u32, Box<dyn std::error::Error>> {
    if depth == 0 {
        return Err(Box::new(Trouble { depth, text: "trouble that is passed on".to_string() }));
    }
    let text = format!("{}", depth);
    Ok(fails(depth - 1)? + text.parse::<u32>()?)
}

#[inline(never)]
fn panics(depth: u32, held: &Circle) -> usize {
    let mine = Circle { label: format!("{} deeper", held.label), inner: None };
    if depth == 0 {
        panic!("panicked with {}", mine.label.len());
    }
    panics(depth - 1, &mine) + mine.label.len()
}

#[inline(never)]
fn collections(n: usize) -> usize {
    let mut map = HashMap::new();
    let mut tree = BTreeMap::new();
    let mut heap = BinaryHeap::new();
    let mut queue = VecDeque::new();
    for i in 0..n {
        map.entry(i * 37 % n).or_insert_with(Vec::new).push(format!("value {}", i));
        tree.insert(format!("key {}", i * 7919 % n), i);
        heap.push(Box::new(i * 31 % n));
        queue.push_front(i.to_string());
    }
    let set: HashSet<String> = tree.keys().filter(|k| k.len() % 2 == 0).cloned().collect();
    let mut words: Vec<String> = queue.into_iter().flat_map(|s| vec![s.clone(), s + "!"]).collect();
    words.sort_by_key(|s| s.chars().rev().collect::<String>());
    words.dedup();
    set.len() + words.concat().len() + heap.into_sorted_vec().len() + map.len()
}

#[inline(never)]
fn closures(depth: usize) -> u64 {
    let mut chain: Box<dyn Fn(u64) -> u64> = Box::new(|n| Box::new(n + 1).wrapping_mul(3));
    for i in 0..depth {
        let text = "captured ".repeat(i + 1);
        chain = Box::new(move |n| chain(n) + text.clone().len() as u64);
    }
    chain(1)
}

struct Node {
    children: RefCell<Vec<Rc<Node>>>,
    parent: RefCell<Weak<Node>>,
}

#[inline(never)]
fn family(depth: u32) -> Rc<Node> {
    let node = Rc::new(Node { children: RefCell::new(Vec::new()), parent: RefCell::new(Weak::new()) });
    for _ in 0..depth {
        let child = family(depth - 1);
        *child.parent.borrow_mut() = Rc::downgrade(&node);
        node.children.borrow_mut().push(child);
    }
    node
}

#[inline(never)]
fn threads(n: usize) -> usize {
    let (sender, receiver) = mpsc::channel();
    let shared = Arc::new(Mutex::new(Vec::new()));
    let read = Arc::new(RwLock::new("shared".to_string()));
    let handles: Vec<_> = (0..3)
        .map(|i| {
            let (sender, shared, read) = (sender.clone(), shared.clone(), read.clone());
            thread::Builder::new()
                .name(format!("worker {}", i))
                .spawn(move || {
                    for j in 0..n {
                        sender.send(format!("{} {} {}", read.read().unwrap(), i, j)).unwrap();
                        shared.lock().unwrap().push(closures(j % 4));
                    }
                    collections(10) + caught(2)
                })
                .unwrap()
        })
        .collect();
    drop(sender);
    let received: Vec<String> = receiver.iter().collect();
    let done: usize = handles.into_iter().map(|h| h.join().unwrap()).sum();
    let kept = shared.lock().unwrap().len();
    done + received.len() + kept
}

#[inline(never)]
fn caught(depth: u32) -> usize {
    let outer = Circle { label: "outermost".to_string(), inner: None };
    let result = panic::catch_unwind(panic::AssertUnwindSafe(|| panics(depth, &outer)));
    result.unwrap_err().downcast_ref::<String>().unwrap().len()
}

fn main() {
    let rounds: u32 = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(1);
    let mut sum = 0;
    panic::set_hook(Box::new(|info| {
        let _ = format!("{:?}", info.location().map(|l| l.to_string()));
    }));
    for round in 0..rounds {
        sum += Square(vec![round as u64; 8]).grow(8).name().len();
        for i in 0..8 {
            sum += caught(i);
            sum += fails(i).unwrap_err().to_string().len();
            sum += closures(i as usize) as usize;
        }
        sum += collections(40);
        sum += Rc::strong_count(&family(5));
        sum += threads(20);
    }
    println!("done {}", sum > 0);
}
