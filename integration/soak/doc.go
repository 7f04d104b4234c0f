// Command soak lets members of one consumer group join and leave at random while messages come in, and proves that none
// is lost and that each one that came twice was allowed to. The members are processes of their own that run Apache's Go
// client; some leave politely (the client's Shutdown), some by SIGKILL, so that what they had not committed comes
// again.
//
//	GOROCKET_BIN=../bin go run ./soak                      # 1,000,000 messages, 16 queues, 4 members, 10 minutes
//	go run ./soak -quick                                   # 60,000 messages, 1 minute
//	go run ./soak -seed 42 -time 3m -messages 300000       # the same comings and goings again
//	go run ./soak -server java                             # Apache's servers
//
// A message that came more than once is explained when it changed hands: a member came or left shortly before the
// second delivery and not longer ago than a commit takes (see explain.go). Anything else is a failure, as is a lost
// message.
package main
