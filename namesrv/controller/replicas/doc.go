// Package replicas is what a group of controllers agrees on: which brokers a broker set has, who of them is master, and
// which are in sync. It is a pure state machine: a Command holds all that the decision depends on, such as who was
// alive, so that each controller comes to the same Result. Java: ReplicasInfoManager, DefaultElectPolicy.
//
// Where it differs from Java, and why:
//   - A broker that brings an identity nobody here knows, because its group had other controllers (Java's) before, is
//     taken as it is (Register). Java answers 2010 for ever. The first election of such a set is not won by who asks
//     first but by the most complete replica, once all had the time to report.
//   - Epochs begin above those that the brokers report; a broker follows only a greater one.
//   - A failed election of the controller's own ends a mastership once; Java counts the epoch up at each try.
package replicas
