// Answers that a greedy model gives are compared with each other, and requests that share a batch change each other's last digits and so now and then
// a word. Engines are killed and timed too. And there are two cores at most: side by side would not be sooner.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
